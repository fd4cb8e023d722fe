"""The role that everything but migrations connects as. It owns no table: owners escape row-level security."""

APP_ROLE = "countersign_app"
