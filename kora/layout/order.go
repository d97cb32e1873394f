package layout

import (
	"cmp"
	"slices"
)

// sweeps bound the work on crossings. Big graphs get fewer: nobody follows single
// edges in them.
const (
	manySweeps = 16
	fewSweeps  = 6
	bigGraph   = 2000
)

// order arranges each row so that edges cross little, and keeps the best of the
// arrangements that it came by.
func (s *sheet) order() {
	s.number()
	best, least := s.copyRows(), s.crossings()
	sweeps := manySweeps
	if len(s.row) > bigGraph {
		sweeps = fewSweeps
	}
	for i := 0; i < sweeps && least > 0; i++ {
		if i%2 == 0 {
			for r := 1; r < len(s.rows); r++ {
				s.sort(r, s.up)
			}
		} else {
			for r := len(s.rows) - 2; r >= 0; r-- {
				s.sort(r, s.down)
			}
		}
		if n := s.crossings(); n < least {
			best, least = s.copyRows(), n
		}
	}
	s.rows = best
	s.number()
}

// sort orders a row by the middle of each vertex's neighbours; vertices without
// any keep their slots.
func (s *sheet) sort(r int, neighbours [][]int) {
	row := s.rows[r]
	weight := make(map[int]float64, len(row))
	var free []int // slots of vertices that may move
	var moved []int
	for i, v := range row {
		if len(neighbours[v]) == 0 {
			continue
		}
		sum := 0
		for _, w := range neighbours[v] {
			sum += s.slot[w]
		}
		weight[v] = float64(sum) / float64(len(neighbours[v]))
		free, moved = append(free, i), append(moved, v)
	}
	slices.SortStableFunc(moved, func(a, b int) int { return cmp.Compare(weight[a], weight[b]) })
	for i, v := range moved {
		row[free[i]] = v
		s.slot[v] = free[i]
	}
}

func (s *sheet) number() {
	for _, row := range s.rows {
		for i, v := range row {
			s.slot[v] = i
		}
	}
}

func (s *sheet) copyRows() [][]int {
	rows := make([][]int, len(s.rows))
	for r, row := range s.rows {
		rows[r] = slices.Clone(row)
	}
	return rows
}

// crossings counts the pairs of edges between neighbouring rows that cross, as
// the inversions of their ends (Barth, Jünger and Mutzel 2002).
func (s *sheet) crossings() int {
	total := 0
	for r := 1; r < len(s.rows); r++ {
		tree := make([]int, len(s.rows[r])+1)
		seen := 0
		for _, v := range s.rows[r-1] {
			ends := make([]int, 0, len(s.down[v]))
			for _, w := range s.down[v] {
				ends = append(ends, s.slot[w]+1)
			}
			for _, e := range ends {
				total += seen - prefix(tree, e)
			}
			for _, e := range ends {
				for ; e < len(tree); e += e & -e {
					tree[e]++
				}
				seen++
			}
		}
	}
	return total
}

// prefix is how many of a Fenwick tree's elements are at most e.
func prefix(tree []int, e int) int {
	n := 0
	for ; e > 0; e -= e & -e {
		n += tree[e]
	}
	return n
}
