package billing

import "os"

// long is set for the tests' long form.
var long = os.Getenv("KRAKO_LONG") != ""
