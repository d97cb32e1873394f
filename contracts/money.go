package contracts

// Amounts of money are decimal strings with at most six places, in the currency of
// the price plan in force.

// CreditGrant is the body of POST /v1/wallets/{tenant}/grants.
type CreditGrant struct {
	// GrantID makes the grant happen once, however often it is asked for.
	GrantID string `json:"grant_id"`
	Amount  string `json:"amount"`
	Reason  string `json:"reason,omitempty"`
	// Overdraft lets the tenant's balance go below zero from now on.
	Overdraft bool `json:"overdraft,omitempty"`
}

// WalletView is a tenant's money. What is promised to graphs that run may be spent
// by them and by nothing else; Available may be promised to another one.
type WalletView struct {
	Tenant    TenantID `json:"tenant_id"`
	Currency  string   `json:"currency"`
	Prices    string   `json:"prices"`
	Granted   string   `json:"granted"`
	Spent     string   `json:"spent"`
	Balance   string   `json:"balance"`
	Promised  string   `json:"promised"`
	Available string   `json:"available"`
	Overdraft bool     `json:"overdraft,omitempty"`
	Suspended bool     `json:"suspended,omitempty"`
	// Reason says why the account is suspended.
	Reason string `json:"reason,omitempty"`
}

// WalletList is the answer of GET /v1/wallets, by tenant.
type WalletList struct {
	Wallets []WalletView `json:"wallets"`
}

// QuoteRequest is the body of POST /v1/quotes.
type QuoteRequest struct {
	TaskGraph TaskGraph `json:"task_graph"`
}

// Quote is an upper bound of what a graph costs. Only units that succeed cost
// anything, each once, by what they used.
type Quote struct {
	Currency string `json:"currency"`
	Prices   string `json:"prices"`
	// Most is what it costs at most: what all units can cost, or max_cost_usd where
	// that is less.
	Most  string            `json:"most"`
	Units map[UnitID]string `json:"units"`
	// Available is what the tenant may promise now, Affordable whether that covers
	// Most.
	Available  string `json:"available"`
	Affordable bool   `json:"affordable"`
}

// LedgerEntry is one transaction of the ledger. Its postings sum to zero.
type LedgerEntry struct {
	ID        string          `json:"id"`
	Kind      string          `json:"kind"`
	At        Time            `json:"at"`
	Event     string          `json:"event"`
	Tenant    TenantID        `json:"tenant"`
	Session   SessionID       `json:"session,omitempty"`
	Unit      UnitID          `json:"unit,omitempty"`
	Node      NodeID          `json:"node,omitempty"`
	ResultCID string          `json:"result_cid,omitempty"`
	BatchCID  string          `json:"batch_cid,omitempty"`
	Prices    string          `json:"plan,omitempty"`
	Fuel      uint64          `json:"fuel,omitempty"`
	Tokens    *LedgerTokens   `json:"tokens,omitempty"`
	Reverses  string          `json:"reverses,omitempty"`
	Postings  []LedgerPosting `json:"postings"`
}

// LedgerTokens are what a model call used.
type LedgerTokens struct {
	Tier ModelTier `json:"tier"`
	In   int64     `json:"in"`
	Out  int64     `json:"out"`
}

// LedgerPosting moves an amount into an account, or out of it where it is negative.
type LedgerPosting struct {
	Account string `json:"account"`
	Amount  string `json:"amount"`
}

// LedgerPage is a page of the ledger, oldest first. Next is 0 at the end; Last is
// behind what to ask for to go on from there later.
type LedgerPage struct {
	Entries []LedgerEntry `json:"entries"`
	Next    int64         `json:"next,omitempty"`
	Last    int64         `json:"last,omitempty"`
}

// Statement is what happened to one account in a period.
type Statement struct {
	Account string                   `json:"account"`
	From    Time                     `json:"from"`
	To      Time                     `json:"to"`
	Opening string                   `json:"opening"`
	Closing string                   `json:"closing"`
	ByKind  map[string]StatementLine `json:"by_kind"`
}

// StatementLine sums the transactions of one kind.
type StatementLine struct {
	Count     int    `json:"count"`
	Amount    string `json:"amount"`
	Fuel      uint64 `json:"fuel,omitempty"`
	TokensIn  int64  `json:"tokens_in,omitempty"`
	TokensOut int64  `json:"tokens_out,omitempty"`
}

// PutAside is an event that accounting could not take in.
type PutAside struct {
	Record int64  `json:"record"`
	Event  string `json:"event"`
	Code   Code   `json:"code"`
	Reason string `json:"reason"`
}

// PutAsideList is the answer of GET /v1/ledger/put-aside, oldest first.
type PutAsideList struct {
	Events []PutAside `json:"events"`
}
