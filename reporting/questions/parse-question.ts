/**
 * A question file: a head of comments (the question in plain words, notes, parameters) and one SELECT with its
 * parameters as `:'name'::type`, so that psql runs the file as it is (`psql -v name=value -f file`). Pure.
 */
import { z } from "zod";

const parameterTypes = ["timestamptz", "date", "integer", "text"] as const;
export type ParameterType = (typeof parameterTypes)[number];

export interface QuestionParameter {
  readonly name: string;
  readonly type: ParameterType;
  /** Used where none is given; without one the parameter is required. */
  readonly default?: string;
  readonly description: string;
}

export interface Question {
  readonly name: string;
  /** The question in plain words. */
  readonly question: string;
  readonly notes: string;
  readonly parameters: readonly QuestionParameter[];
  /** With `$1`, `$2`, … in the order of `parameters`. */
  readonly sql: string;
}

const PARAMETER = /^ {2}([a-z_]+) \((timestamptz|date|integer|text)(?:, default '?(.*?)'?)?\): (.+)$/;

/** Throws on a file that does not keep to the form: the questions are ours, and a test reads them all. */
export function parseQuestion(name: string, text: string): Question {
  const lines = text.split("\n");
  const headEnd = lines.findIndex((line) => !line.startsWith("--"));
  const head = lines.slice(0, headEnd).map((line) => line.replace(/^-- ?/, ""));
  const listAt = head.indexOf("Parameters:");
  if (headEnd < 1 || listAt < 1) throw new Error(`Cannot read question ${name} as its head has no 'Parameters:'`);
  const parameters = head.slice(listAt + 1).map((line) => parseParameter(name, line));
  const sql = lines
    .slice(headEnd)
    .join("\n")
    .replace(/:'([a-z_]+)'/g, (_, used: string) => {
      const index = parameters.findIndex((parameter) => parameter.name === used);
      if (index < 0) throw new Error(`Cannot read question ${name} as it does not declare its parameter ${used}`);
      return `$${index + 1}`;
    });
  return { name, question: head[0] ?? "", notes: head.slice(1, listAt).join(" "), parameters, sql };
}

function parseParameter(name: string, line: string): QuestionParameter {
  const [, parameter, type, byDefault, description] = PARAMETER.exec(line) ?? [];
  if (parameter === undefined || description === undefined) {
    throw new Error(`Cannot read question ${name} as this is no parameter: '${line}'`);
  }
  const known = z.enum(parameterTypes).parse(type);
  return { name: parameter, type: known, description, ...(byDefault !== undefined && { default: byDefault }) };
}
