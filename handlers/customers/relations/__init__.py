"""What the requests about customers share: the case for what one needs, and mails to them."""
