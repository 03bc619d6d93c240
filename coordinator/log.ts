/** Structured log lines (pino's shape). */
export interface CoordinatorLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
