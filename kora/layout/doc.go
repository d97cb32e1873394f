// Package layout draws graphs in layers: every unit stands behind all that it
// waits for, edges cross as little as a few sweeps can get them to, and long edges
// run straight. It follows Sugiyama, Tagawa and Toda (1981): layers by longest
// path, order by barycenters, places by isotonic regression towards neighbours.
//
// The same graph is drawn the same way everywhere: in Studio, in files and on
// terminals. The package promises no least number of crossings, and it neither
// measures text nor knows anything of how a graph ran but the marks it is given.
package layout
