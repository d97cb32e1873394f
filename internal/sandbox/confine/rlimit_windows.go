package confine

// apply has nothing to set: the parent's job object holds the limits.
func (Limits) apply() Measure { return Measure{Name: Resources, Detail: notOnSystem} }
