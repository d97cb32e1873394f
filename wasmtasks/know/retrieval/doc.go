// Package retrieval indexes documents and finds them again by BM25, with the
// sentences that speak for each, quoted with their places. An index is one blob
// and holds the documents' texts. A search takes any number of them and ranks as
// if they were one: shards can be indexed on as many nodes.
//
// Words are those of UAX #29 in NFKC and lower case; ranking is BM25F with one
// saturation over the fields (Robertson and Zaragoza, "The Probabilistic Relevance
// Framework", 3.6), which is BM25 where there is one field. Equal documents give
// equal bytes. The package promises no understanding: other words are not found.
package retrieval
