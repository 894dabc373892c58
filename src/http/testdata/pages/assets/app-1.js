// plain script
