package gateway

import (
	"net/http"

	"github.com/krako-labs/krako/contracts"
)

// kind is what all problems of one code have in common.
type kind struct {
	status int
	title  string
}

// kinds maps every code of CONTRACTS section 8 to HTTP. Codes that only ever
// stand inside results are here too, so that no code can come out as a 500 by
// mistake. Whoever reads a problem decides by its code, not by its status.
var kinds = map[contracts.Code]kind{
	contracts.CodeValidation:        {http.StatusUnprocessableEntity, "The document or parameter is not valid"},
	contracts.CodeSchemaMismatch:    {http.StatusUnprocessableEntity, "The output does not match its schema"},
	contracts.CodeTrap:              {http.StatusUnprocessableEntity, "The program trapped"},
	contracts.CodeExitNonzero:       {http.StatusUnprocessableEntity, "The program exited with a failure"},
	contracts.CodeOutOfFuel:         {http.StatusUnprocessableEntity, "The program ran out of fuel"},
	contracts.CodeOutOfMemory:       {http.StatusUnprocessableEntity, "The program ran out of memory"},
	contracts.CodeStackOverflow:     {http.StatusUnprocessableEntity, "The program's call stack overflowed"},
	contracts.CodeTimeout:           {http.StatusGatewayTimeout, "The time for the request ran out"},
	contracts.CodeNetwork:           {http.StatusBadGateway, "A peer could not be reached"},
	contracts.CodeAuth:              {http.StatusUnauthorized, "The request is not authorised"},
	contracts.CodeRateLimited:       {http.StatusTooManyRequests, "Too many requests"},
	contracts.CodeResourceExhausted: {http.StatusTooManyRequests, "There is no room for the request now"},
	contracts.CodeBudgetExceeded:    {http.StatusUnprocessableEntity, "The budget does not allow the request"},
	contracts.CodeRegionUnavailable: {http.StatusServiceUnavailable, "The region is not available"},
	contracts.CodeModelUnavailable:  {http.StatusServiceUnavailable, "The model is not available"},
	contracts.CodeContextOverflow:   {http.StatusUnprocessableEntity, "The model's context is too short"},
	contracts.CodeBadOutput:         {http.StatusUnprocessableEntity, "The output is not what was declared"},
	contracts.CodeNoQuorum:          {http.StatusServiceUnavailable, "No agreement on the result"},
	contracts.CodePrivacyViolation:  {http.StatusForbidden, "The privacy policy forbids the request"},
	contracts.CodeNotFound:          {http.StatusNotFound, "There is no such thing"},
	contracts.CodeConflict:          {http.StatusConflict, "The request contradicts an earlier one"},
	contracts.CodeCancelled:         {http.StatusConflict, "The request was cancelled"},
	contracts.CodeVersionMismatch:   {http.StatusUnprocessableEntity, "The version is not supported"},
	contracts.CodeUnsupported:       {http.StatusNotImplemented, "The request is not supported"},
	contracts.CodeInternal:          {http.StatusInternalServerError, "The coordinator failed"},
}
