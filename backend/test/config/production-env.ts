/** An environment that production accepts. Its secrets are fixed, and random as far as anybody can tell. */
export const productionEnv = {
  NODE_ENV: "production",
  BETTER_AUTH_URL: "https://api.coaching.test",
  FRONTEND_URL: "https://app.coaching.test",
  CORS_ORIGIN: "https://app.coaching.test",
  DATABASE_URL: "postgres://coaching_app:uX1Yw9Zk3Qv7@db:5432/coaching_app",
  BETTER_AUTH_SECRETS: "1:pW8s1kZbX0q3Vt6yLr2mNc5uHd9fGj4a",
  DATA_KEYS: "1:gT5wJ8rC2xN6bM0vP4kF7hQ1zL9dS3yA",
  CLIENT_API_KEY: "web:Qm7xT2vB9kL4nR8wZ1cY6pH3sD5fG0jA",
  STORAGE_DRIVER: "disk",
  STORAGE_SIGNING_KEY: "k3N8vQ1xZ7mB5tL0wR9yC2pH6sD4fGjA",
  SMTP_HOST: "smtp.coaching.test",
  MAIL_FROM: "Coaching <no-reply@coaching.test>",
} as const;

/** The same with files in an S3 store. */
export const productionS3Env = {
  ...productionEnv,
  STORAGE_DRIVER: "s3",
  STORAGE_SIGNING_KEY: undefined,
  S3_ENDPOINT: "http://store:9000",
  S3_PUBLIC_ENDPOINT: "https://files.coaching.test",
  S3_ACCESS_KEY_ID: "coaching-app",
  S3_SECRET_ACCESS_KEY: "vB9kL4nR8wZ1cY6p",
  S3_UPLOAD_ACCESS_KEY_ID: "coaching-app-upload",
  S3_UPLOAD_SECRET_ACCESS_KEY: "N8vQ1xZ7mB5tL0wR",
} as const;

/** The least that development needs. */
export const developmentEnv = {
  DATABASE_URL: "postgres://coaching_app:pw@127.0.0.1:5432/coaching_app",
} as const;
