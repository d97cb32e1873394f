package contracts

import "sync"

// Graphs repeat themselves, and with them their schemas: compiling one takes longer
// than running a small unit. Short ones are kept as compiled, within bounds.
const (
	maxKeptSchema  = 2 << 10 // bytes of one
	maxKeptSchemas = 256
)

// keptSchemas is what was compiled lately, by the bytes of the document. A schema
// that does not compile is not kept.
var keptSchemas = struct {
	sync.Mutex
	compiled map[string]*OutputSchema
}{compiled: map[string]*OutputSchema{}}

func keptSchema(doc JSON) (*OutputSchema, bool) {
	keptSchemas.Lock()
	defer keptSchemas.Unlock()
	s, ok := keptSchemas.compiled[string(doc)]
	return s, ok
}

func keepSchema(doc JSON, s *OutputSchema) {
	if len(doc) > maxKeptSchema {
		return
	}
	keptSchemas.Lock()
	defer keptSchemas.Unlock()
	if len(keptSchemas.compiled) >= maxKeptSchemas {
		clear(keptSchemas.compiled)
	}
	keptSchemas.compiled[string(doc)] = s
}
