//go:build !linux

package sandbox

import "testing"

func noPagemap() pagemap { return pagemap{} }

// ways are all ways to find dirtied pages: none.
func ways(testing.TB) map[string]pagemap { return map[string]pagemap{"none": noPagemap()} }

func (p pagemap) as(pagemap) pagemap { return p }
