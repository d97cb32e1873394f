package pebblelog

import (
	"context"

	"github.com/krako-labs/krako/contracts"
)

// Bounds of one metadata entry, in bytes.
const (
	MaxMetaKey   = 256
	MaxMetaValue = 64 << 10
)

// Meta is a small durable map beside the log: checkpoints, reserved sequence
// numbers. It is safe for concurrent use, but a key has one owner: two who set
// the same key do not see each other's order.
type Meta struct{ db *DB }

// Set makes value durable under key. A nil or empty value removes the key. It
// shares the sync of whatever else is committed, and lands no earlier than what
// was appended or staged before. Errors are VALIDATION_ERROR for the bounds,
// RESOURCE_EXHAUSTED, ErrClosed, ErrFailed and ctx's; after the last two the
// outcome is open, and setting the same again is safe. value must not be changed
// after the call.
func (m *Meta) Set(ctx context.Context, key string, value []byte) error {
	if err := checkMetaKey(key); err != nil {
		return err
	}
	if len(value) > MaxMetaValue {
		return contracts.Errorf(contracts.CodeValidation, key, "value of %d bytes exceeds %d", len(value), MaxMetaValue)
	}
	p := pair{key: metaKey(key), value: value, delete: len(value) == 0}
	return m.db.submit(ctx, &request{pairs: []pair{p}})
}

// Get returns the value under key, nil if there is none. The slice is the
// caller's.
func (m *Meta) Get(ctx context.Context, key string) ([]byte, error) {
	if err := checkMetaKey(key); err != nil {
		return nil, err
	}
	if err := m.db.enter(ctx); err != nil {
		return nil, err
	}
	defer m.db.gate.leave()
	return m.db.value(metaKey(key))
}

func checkMetaKey(key string) error {
	if key == "" || len(key) > MaxMetaKey {
		return contracts.Errorf(contracts.CodeValidation, "key", "metadata key of %d bytes, want 1 to %d", len(key), MaxMetaKey)
	}
	return nil
}
