package sandbox

// noPagemap is what openPagemap gives where there is none.
func noPagemap() pagemap { return pagemap{-1} }
