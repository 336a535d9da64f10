"""What people see: public pages, pages of residents, organizations and operators, charts."""
