package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Problem is an error answer (RFC 9457).
type Problem struct {
	Type   string  `json:"type" default:"about:blank" doc:"Always about:blank: decide by code."`
	Title  string  `json:"title" doc:"The status in words."`
	Status int     `json:"status" doc:"The HTTP status."`
	Code   string  `json:"code" doc:"What is wrong; stable, for programs." example:"number_invalid"`
	Detail string  `json:"detail,omitempty" doc:"What is wrong and what to do, for people."`
	Errors []Fault `json:"errors,omitempty" doc:"Each fault of an invalid request."`

	retryAfter time.Duration
}

// Fault is one thing that is wrong with a request.
type Fault struct {
	Location string `json:"location,omitempty" doc:"Where, as body.number."`
	Message  string `json:"message"`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus and the others are how huma knows an error answer.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType of a problem document.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders tells when to try again.
func (p *Problem) GetHeaders() http.Header {
	header := http.Header{}
	header.Set("Cache-Control", "no-store")
	if p.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(max(p.retryAfter.Round(time.Second), time.Second)/time.Second)))
	}
	if p.Status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="contactd"`)
	}
	return header
}

var _ huma.HeadersError = (*Problem)(nil)

func problem(status int, code, format string, args ...any) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// later says when the request may be made again.
func (p *Problem) later(after time.Duration) *Problem {
	p.retryAfter = after
	return p
}

// write answers outside of huma.
func (p *Problem) write(w http.ResponseWriter) {
	for key, values := range p.GetHeaders() {
		w.Header()[key] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // The client may have gone; there is nobody left to tell.
}

// codeOf a status that huma chose.
var codeOf = map[int]string{
	http.StatusBadRequest: CodeMalformed, http.StatusUnauthorized: CodeUnauthorized, http.StatusForbidden: CodeForbidden,
	http.StatusNotFound: CodeNotFound, http.StatusMethodNotAllowed: CodeMethod, http.StatusRequestEntityTooLarge: CodeTooLarge,
	http.StatusUnsupportedMediaType: CodeUnsupportedMedia, http.StatusUnprocessableEntity: CodeInvalid,
	http.StatusServiceUnavailable: CodeOverloaded,
}

func init() {
	// huma makes its own errors (a body that does not fit the types) by this variable; they get our form. The values
	// that were sent are left out: they may be numbers and passwords.
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		code, ok := codeOf[status]
		if !ok {
			code = CodeInternal
			if status < http.StatusInternalServerError {
				code = CodeInvalid
			}
		}
		if status >= http.StatusInternalServerError && code == CodeInternal {
			return problem(status, code, "contactd could not answer; its log says why")
		}
		p := problem(status, code, "%s", message)
		for _, err := range errs {
			if err == nil {
				continue
			}
			fault := Fault{Message: err.Error()}
			var detailer huma.ErrorDetailer
			if errors.As(err, &detailer) {
				detail := detailer.ErrorDetail()
				fault = Fault{Location: detail.Location, Message: detail.Message}
			}
			p.Errors = append(p.Errors, fault)
		}
		return p
	}
	huma.NewErrorWithContext = func(_ huma.Context, status int, message string, errs ...error) huma.StatusError {
		return huma.NewError(status, message, errs...)
	}
}

// failed is the answer to an error that the client can do nothing about; the log has it.
func (s *Server) failed(ctx context.Context, operation string, err error) *Problem {
	if ctx.Err() != nil {
		return problem(http.StatusServiceUnavailable, CodeOverloaded, "the request was given up").later(time.Second)
	}
	s.log.Error("request failed", "operation", operation, "error", err)
	return problem(http.StatusInternalServerError, CodeInternal, "contactd could not %s; its log says why", operation)
}
