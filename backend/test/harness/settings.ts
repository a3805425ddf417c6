/** What every server of a test is told. Suites sign in far more often than a person: the limits have tests of their own. */
export const commonSettings = {
  NODE_ENV: "test",
  BETTER_AUTH_SECRETS: "1:kd83hXq0Zm4vTn7RbLw2Yc9UfJ6sPe1A",
  STORAGE_SIGNING_KEY: "Vt5mQz8nWr3bKx7cLp1dHs9fGj2aYe4T",
  RATE_LIMIT_MAX: "100000",
  RATE_LIMIT_WRITE_MAX: "100000",
  AUTH_RATE_LIMIT_MAX: "100000",
} as const;
