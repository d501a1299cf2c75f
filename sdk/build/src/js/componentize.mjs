// Run by `hallpass connector build` in the folder of a connector: makes a component of its JavaScript.
// Arguments: the main file, the folder of the WIT, the world, the file to write.
import { writeFile } from 'node:fs/promises';
import { componentize } from '@bytecodealliance/componentize-js';

const [main, witPath, worldName, output] = process.argv.slice(1);
try {
  const { component } = await componentize({
    sourcePath: main,
    sourceName: main,
    witPath,
    worldName,
    // What a connector is not given: no terminal, no randomness, no clock, and it answers no requests.
    disableFeatures: ['stdio', 'random', 'clocks', 'fetch-event'],
  });
  await writeFile(output, component);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
