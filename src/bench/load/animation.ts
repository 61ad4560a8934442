/** What the picture of the members covers in a window of the bench's size, in CSS pixels. */
const WIDTH = 416;
const HEIGHT = 395;
const SQUARE = 8;

/**
 * Moves one square over a canvas, once a frame, for as long as this page is there: no picture that moves, and is as
 * large as that of the members, can cost less.
 */
export function animateBare(): void {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  canvas.style.willChange = 'transform';
  document.body.append(canvas);
  const context = canvas.getContext('2d');
  const draw = (now: number): void => {
    context?.clearRect(0, 0, WIDTH, HEIGHT);
    context?.fillRect((now / 10) % (WIDTH - SQUARE), HEIGHT / 2, SQUARE, SQUARE);
    requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
}
