/** Loaded into the workers of `millrace run`, and into its own process for `async` ones: stdout carries the results, so what a task prints goes to stderr. */
process.stdout.write = process.stderr.write.bind(process.stderr);
