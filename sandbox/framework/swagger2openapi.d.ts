declare module 'swagger2openapi' {
  /** converts a Swagger 2.0 document to OpenAPI 3.0 */
  export function convertObj(
    swagger: object,
    options: { patch?: boolean; warnOnly?: boolean },
  ): Promise<{ openapi: object }>;
}
