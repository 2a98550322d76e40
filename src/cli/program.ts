/**
 * The command as a function: arguments and streams in, an exit code out.
 *
 * stdout carries the result and nothing else; everything about the way there goes to stderr.
 */
import { type Clock, isClockError } from '../core/index.ts';
import { type Command, type HelpTopic, parseCommand } from './command.ts';
import { diagnose, type ProgressWatcher } from './diagnosis.ts';
import type { DoctorOptions } from './doctor-options.ts';
import { DOCTOR_HELP, HELP, PAUSES_HELP } from './help.ts';
import { type Machine, VERSION } from './machine.ts';
import { type Environment, paintFor } from './paint.ts';
import { OWN_FAILURE, runPauses } from './pauses-run.ts';
import { ProgressDisplay, ProgressNote, silentProgress, type TerminalStream } from './progress.ts';
import { buildReport, exitCodeOf } from './report.ts';
import { REPORT_WIDTH_MAX, renderReport } from './text-report.ts';
import { UsageError } from './usage-error.ts';

/** What the program works with. */
export interface ProgramContext {
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly machine: Machine;
  /** Aborting ends a measurement early. */
  readonly signal: AbortSignal;
}

/**
 * The doctor: 0 bounded (or help), 1 unbounded or nothing could be measured, 2 the command line is wrong. Pauses: the program's own,
 * and 125 to 127 for what went wrong around it.
 */
export type ExitCode = number;

const HELPS: Readonly<Record<HelpTopic, string>> = { truechimer: HELP, doctor: DOCTOR_HELP, pauses: PAUSES_HELP };

/** Runs the command. Rejects only for a bug of ours. */
export async function runProgram(argv: readonly string[], context: ProgramContext): Promise<ExitCode> {
  let command: Command;
  try {
    command = parseCommand(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const [name = ''] = argv;
    const subject = name === 'doctor' || name === 'pauses' ? `truechimer ${name}` : 'truechimer';
    context.stderr.write(`${subject}: ${error.message}\nSee ${subject} --help.\n`);
    return name === 'pauses' ? OWN_FAILURE : 2;
  }
  switch (command.command) {
    case 'help':
      context.stdout.write(HELPS[command.topic]);
      return 0;
    case 'version':
      context.stdout.write(`${VERSION}\n`);
      return 0;
    case 'doctor':
      return runDoctor(command.options, context);
    case 'pauses':
      return runPauses(command.options, context);
  }
}

async function runDoctor(options: DoctorOptions, context: ProgramContext): Promise<ExitCode> {
  const { stdout, environment } = context;
  try {
    const findings = await diagnose(options, { ...context, watcher: watcherFor(options, context) });
    const report = buildReport(findings);
    const isTerminal = stdout.isTTY === true;
    const style = {
      paint: paintFor(isTerminal, environment),
      width: (isTerminal ? stdout.columns : undefined) ?? REPORT_WIDTH_MAX,
    };
    stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : renderReport(report, style));
    return exitCodeOf(report);
  } catch (error) {
    if (!isClockError(error) && !isSystemError(error)) throw error;
    context.stderr.write(`truechimer doctor: nothing could be measured: ${error.message}\n`);
    return 1;
  }
}

function watcherFor(options: DoctorOptions, { stderr, environment }: ProgramContext): ProgressWatcher {
  if (stderr.isTTY === true && environment['TERM'] !== 'dumb')
    return new ProgressDisplay(stderr, paintFor(true, environment));
  return options.json ? silentProgress : new ProgressNote(stderr);
}

/** An error of the operating system: no socket, no permission. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}
