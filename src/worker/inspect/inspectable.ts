/** Flags of Node for a process that may be inspected: on any free port, its address told to nobody but those who ask there. */
export const INSPECTABLE: readonly string[] = ['--inspect-port=0', '--inspect-publish-uid=http'];
