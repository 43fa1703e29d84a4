"""Kit: small tools with no opinion about after-sales: tables, ids, money, paging, calendars, text, files, errors."""
