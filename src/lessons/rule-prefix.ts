/** So that the fault rules of a lesson can be told from those of the person. */
export const LESSON_RULE_PREFIX = 'lesson:';
