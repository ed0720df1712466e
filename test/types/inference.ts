/** Names, arguments and results of task functions, inferred from their module. */
import type { Task, TaskArgs, TaskName, TaskResult, TaskStream } from 'millrace';
import type { Equal, Holds } from './equal.js';

type Tasks = typeof import('./fixtures/tasks.js');

export type Names = Holds<
  [
    // Functions only: not the worker definition, not a class, not a constant.
    Equal<TaskName<Tasks>, 'add' | 'describe' | 'now' | 'sum' | 'length' | 'pad' | 'count' | 'lines' | 'promised' | 'resize' | 'default'>,
  ]
>;

export type Arguments = Holds<
  [
    Equal<TaskArgs<Tasks, 'add'>, [a: number, b: number]>,
    Equal<TaskArgs<Tasks, 'now'>, []>,
    Equal<TaskArgs<Tasks, 'sum'>, number[]>,
    Equal<TaskArgs<Tasks, 'pad'>, [text: string, width?: number | undefined]>,
    Equal<TaskArgs<Tasks, 'resize'>, [image: Uint8Array, width: number]>,
  ]
>;

export type Results = Holds<
  [
    Equal<TaskResult<Tasks, 'add'>, number>,
    // async unwrapped
    Equal<TaskResult<Tasks, 'describe'>, { readonly text: string }>,
    Equal<TaskResult<Tasks, 'now'>, Date>,
    // defineTask keeps the type of its function
    Equal<TaskResult<Tasks, 'resize'>, Uint8Array>,
    Equal<TaskResult<Tasks, 'default'>, string>,
  ]
>;

export type Streams = Holds<
  [
    Equal<TaskResult<Tasks, 'count'>, TaskStream<number, string>>,
    Equal<TaskResult<Tasks, 'lines'>, TaskStream<string, void>>,
    Equal<TaskResult<Tasks, 'promised'>, TaskStream<number, void>>,
    Equal<TaskStream<number, string>['returned'], Promise<string>>,
  ]
>;

export type Handles = Holds<[Equal<Task<number>['result'], Promise<number>>, Equal<Task<number>['progress'], AsyncIterableIterator<unknown>>]>;
