// esbuild's text loader: a style sheet is imported as a string and injected into the widget's root.
declare module "*.css" {
  const text: string;
  export default text;
}
