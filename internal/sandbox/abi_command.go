package sandbox

// programName is argv[0].
const programName = "krako"

// runCommand runs _start. Returning from it and exiting with 0 are the same.
func (g *guest) runCommand(Job) (*stop, error) {
	return g.call(exportStart, nil)
}
