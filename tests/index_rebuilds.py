"""Changes of type that leave the table as it is: whether a plain index on the column is built again."""

INDEX_REBUILDS = {
    "varchar -> text": False, "text -> varchar": False, "varchar(3) -> varchar(9)": False, "cidr -> inet": False,
    "char(3) -> bpchar": False, "numeric(4,2) -> numeric(9,2)": False, "timestamp(3) -> timestamp": False,
    "time(3) -> time": False, "varchar(3)[] -> varchar[]": False,
    "varchar -> bpchar": True, "text -> bpchar": True, "integer -> oid": True, "oid -> integer": True,
    "bit(3) -> varbit": True, "timestamp -> timestamptz": True, "timestamptz -> timestamp": True,
    "text -> citext": True, "citext -> varchar": True,
}  # fmt: skip
