package pressure

// A Budget begins with firstRetries, earns earned for each unit that succeeds, and
// holds maxRetries at most, so that retries are at most a fifth of the work beyond
// what it began with.
const (
	firstRetries = 100
	maxRetries   = 1000
	earned       = 0.2
)

// Budget is what a tenant may spend on retries. Where every unit fails, trying each
// of them again would only double the load. The zero Budget is full.
type Budget struct{ spent float64 }

// Earn counts a unit that succeeded.
func (b *Budget) Earn() { b.spent = max(firstRetries-maxRetries, b.spent-earned) }

// Spend takes one retry, if there is one.
func (b *Budget) Spend() bool {
	if b.spent+1 > firstRetries {
		return false
	}
	b.spent++
	return true
}
