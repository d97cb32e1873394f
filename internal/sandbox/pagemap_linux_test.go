package sandbox

import "testing"

// noPagemap is what openPagemap gives where there is none.
func noPagemap() pagemap { return pagemap{fd: -1} }

// ways are all ways to find dirtied pages that this kernel has, by name.
func ways(t testing.TB) map[string]pagemap {
	p := openPagemap()
	t.Cleanup(p.close)
	all := map[string]pagemap{"none": noPagemap()}
	if p.fd < 0 {
		return all
	}
	all["read"] = pagemap{fd: p.fd}
	if p.scans {
		all["scan"] = pagemap{fd: p.fd, scans: true}
	}
	if p.counts {
		all["count"] = p
	}
	return all
}

// as is p used as way is.
func (p pagemap) as(way pagemap) pagemap {
	if way.fd < 0 {
		p.close()
		return way
	}
	p.scans, p.counts = way.scans, way.counts
	return p
}
