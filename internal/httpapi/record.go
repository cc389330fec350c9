package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"contactd/acd"
)

// RecordPage is one page of records.
type RecordPage struct {
	Records []acd.Record `json:"records" doc:"Newest first."`
	Next    string       `json:"next" doc:"The cursor of the next page; empty when this is the last."`
}

type recordsOutput struct{ Body RecordPage }

type recordOutput struct{ Body acd.Record }

func (s *Server) records(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "records", Method: http.MethodGet, Path: "/v1/records", Summary: "The stories of contacts that are complete",
		Errors: []int{422},
	}, func(ctx context.Context, in *struct {
		Cursor string `query:"cursor" maxLength:"200"`
		Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}) (*recordsOutput, error) {
		records, next, err := s.Records.Records(in.Cursor, in.Limit)
		switch {
		case errors.Is(err, ErrCursor):
			return nil, problem(http.StatusUnprocessableEntity, CodeCursor, "use as cursor what the page before gave as next")
		case err != nil:
			return nil, s.failed(ctx, "list the records", err)
		}
		if records == nil {
			records = []acd.Record{}
		}
		return &recordsOutput{Body: RecordPage{Records: records, Next: next}}, nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "record", Method: http.MethodGet, Path: "/v1/records/{id}", Summary: "The story of a contact",
		Errors: []int{404},
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"64"`
	}) (*recordOutput, error) {
		if !isContact(in.ID) {
			return nil, s.gone(ErrUnknown)
		}
		record, err := s.Records.Record(acd.ContactID(in.ID))
		if err != nil {
			return nil, s.gone(err)
		}
		return &recordOutput{Body: record}, nil
	})
}
