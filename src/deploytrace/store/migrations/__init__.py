"""The steps by which older stores become what ``store/schema.py`` says; run by Alembic, see `store.migrate`."""
