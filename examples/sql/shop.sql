create table customers (id integer primary key, name text not null, city text not null, since text not null);
create table articles (id integer primary key, name text not null, price real not null);
create table orders (id integer primary key, customer_id integer not null references customers, article_id integer not null references articles, pieces integer not null, ordered text not null);
insert into customers values (1, 'Ilse Brandt', 'Hamburg', '2021-03-01'), (2, 'Jean Petit', 'Liège', '2022-07-15'), (3, 'Ana Ruiz', 'Jaén', '2023-01-09'), (4, 'Tom Vos', 'Hamburg', '2024-02-20');
insert into articles values (1, 'oak desk', 349.0), (2, 'desk lamp', 39.5), (3, 'office chair', 189.0), (4, 'bookshelf', 129.0);
insert into orders values (1, 1, 1, 1, '2024-01-05'), (2, 1, 2, 2, '2024-01-05'), (3, 2, 3, 1, '2024-02-11'), (4, 3, 2, 4, '2024-02-28'), (5, 4, 1, 1, '2024-03-03'), (6, 2, 2, 1, '2024-03-09');
