/** Starts and stops of the server: they wait for each other, whoever asks for them, and one that fails holds up no other. */
export class Turns {
  /** Whether something is being started, or nothing has been yet. */
  isStarting = true;
  private last: Promise<void> = Promise.resolve();

  /** Take a step once those before it have ended. */
  take(step: () => Promise<void>): Promise<void> {
    const turn = this.last.then(step);
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** Take a step that starts something; what goes wrong in it is told. */
  start(step: () => Promise<void>, failed: (problem: unknown) => void): Promise<void> {
    return this.take(async () => {
      this.isStarting = true;
      try {
        await step();
      } catch (problem) {
        failed(problem);
      } finally {
        this.isStarting = false;
      }
    });
  }
}
