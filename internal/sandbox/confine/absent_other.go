//go:build !linux

package confine

// absent reports measures that this system does not have.
func absent(names ...string) []Measure {
	var list []Measure
	for _, n := range names {
		list = append(list, Measure{Name: n, Detail: notOnSystem})
	}
	return list
}
