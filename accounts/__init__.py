"""Who there is: entities (the id space of tenants and holders), users, the approval gate, tokens."""
