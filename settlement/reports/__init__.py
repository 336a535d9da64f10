"""What operators, participants and suppliers read of many events: seasons, ranks, statements, the billing peak."""
