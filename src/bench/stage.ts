import type { Page } from 'playwright';
import type { BenchContext } from './benchmark.ts';
import type { ClusterTabs } from './cluster-tabs.ts';
import type { FloorTabs } from './floor-tabs.ts';
import type { FloorLoad } from './floor/contract.ts';
import type { Load } from './load/load.ts';
import type { LoadResult } from './samples.ts';

/** Where the tabs that do the work are, those of the cluster and those of its floor alike. */
export interface Stage {
  /** Empty for the tab in front: that is how a cluster is used. Its page draws, the floor's has nothing to draw. */
  readonly name: '' | 'hidden';
  floor(load: FloorLoad): Promise<LoadResult>;
  /** Through the page that was chosen. */
  cluster(load: Load): Promise<LoadResult>;
}

export function stagesOf(
  { lab }: Pick<BenchContext, 'lab'>,
  cluster: ClusterTabs,
  floor: FloorTabs,
  page: Page,
): readonly Stage[] {
  return [
    { name: '', floor: (load) => floor.run(load), cluster: (load) => cluster.run(page, load) },
    {
      name: 'hidden',
      async floor(load) {
        await lab.showEmptyPage();
        return floor.runHidden(load);
      },
      async cluster(load) {
        await lab.showEmptyPage();
        return cluster.runHidden(page, load);
      },
    },
  ];
}

/** Of what is measured there. */
export function named({ name }: Stage, figure: string): string {
  return name === '' ? figure : `${name}, ${figure}`;
}
