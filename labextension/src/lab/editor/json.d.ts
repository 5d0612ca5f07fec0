/** The config's schema, generated from `nbsweep/config_schema.py`; the bundler takes it from there. */
declare module "*.schema.json" {
  const schema: unknown;
  export default schema;
}
