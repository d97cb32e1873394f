package plan

import "time"

// context is what grammars may look at beside the tokens.
type context struct {
	req *Request
	now time.Time // in the request's zone; zero without a clock
	loc *time.Location
}

// newContext resolves the request's zone. An unknown one is read as UTC's
// absence: grammars that need a clock abstain.
func newContext(r *Request) *context {
	c := &context{req: r}
	if r.Now.IsZero() {
		return c
	}
	zone := r.Zone
	if zone == "" {
		zone = "UTC"
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return c
	}
	c.loc, c.now = loc, r.Now.In(loc)
	return c
}

// today is the civil date of the request's clock, "" without one.
func (c *context) today() string {
	if c.now.IsZero() {
		return ""
	}
	return c.now.Format(time.DateOnly)
}
