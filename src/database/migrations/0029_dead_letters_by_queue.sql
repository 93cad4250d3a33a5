-- Lists the dead letters of one queue, and finds the oldest of them, without reading the others.
create index dead_letters_by_queue on dead_letters (queue, id);
