/** One run of one example, as every member of its team is told. Plain data: it travels to threads and to processes. */
export interface Job {
  readonly example: string;
  readonly settings: Readonly<Record<string, number>>;
  readonly repetitions: number;
  /** Where to write the picture of the result, if it has one. */
  readonly png?: string | undefined;
  /** Draw in the terminal with colours, not with characters alone. */
  readonly colours: boolean;
}
