-- What a session start reads, for every peer before PostgreSQL: the tables of the game module that it reads, with as
-- many rows for each player as the seeder makes there, and the stored procedure that reads them in one round trip.
-- `players`, `items` and `quests` are set by the command.

DROP TABLE IF EXISTS profile, inventory_item, quest, save, save_payload;

CREATE TABLE profile (
    player integer PRIMARY KEY,
    snapshots integer NOT NULL,
    archives integer NOT NULL,
    saved_bytes bigint NOT NULL,
    last_revision bigint NOT NULL,
    played_worlds integer NOT NULL,
    played_stories integer NOT NULL,
    played_micros bigint NOT NULL,
    minutes_played bigint NOT NULL,
    last_world_id uuid,
    last_played_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE inventory_item (
    item_id uuid PRIMARY KEY,
    bag_id uuid NOT NULL,
    owner integer NOT NULL,
    world_id uuid NOT NULL,
    slot integer NOT NULL,
    quantity integer NOT NULL,
    item_key text NOT NULL,
    traits jsonb NOT NULL,
    runtime_item_id uuid
);

CREATE TABLE quest (
    quest_id uuid PRIMARY KEY,
    owner integer NOT NULL,
    session_id uuid NOT NULL,
    quest_key text NOT NULL,
    status text NOT NULL,
    objectives jsonb NOT NULL,
    attempts integer NOT NULL,
    accepted_at timestamptz NOT NULL,
    completed_at timestamptz,
    turned_in_at timestamptz,
    updated_at timestamptz NOT NULL
);

CREATE TABLE save (
    snapshot_id uuid PRIMARY KEY,
    owner integer NOT NULL,
    world_id uuid NOT NULL,
    slot text NOT NULL,
    version_id uuid NOT NULL,
    session_id uuid NOT NULL,
    event_number integer NOT NULL,
    format_version integer NOT NULL,
    checksum text NOT NULL,
    byte_size bigint NOT NULL,
    revision bigint NOT NULL,
    replaced_revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    saved_at timestamptz NOT NULL
);

CREATE TABLE save_payload (
    holder_id uuid PRIMARY KEY,
    payload bytea NOT NULL
);

INSERT INTO profile
SELECT player, 1, 0, 256, 1, 1, 1, 1234567890, 20, gen_random_uuid(), now(), now(), now()
FROM generate_series(0, :players - 1) player;

INSERT INTO inventory_item
SELECT gen_random_uuid(), gen_random_uuid(), player, gen_random_uuid(), slot, 1 + slot, 'item_of_the_keeper',
       '{"rarity": "common", "tags": ["food"], "max_stack": 20, "equip_slot": null}', NULL
FROM generate_series(0, :players - 1) player, generate_series(0, :items - 1) slot;

INSERT INTO quest
SELECT gen_random_uuid(), player, gen_random_uuid(), 'errand-' || number, 'turned_in',
       '[{"kind": "defeat", "target": "rat", "wanted": 1, "done": 1}]', 1, now(), now(), now(), now()
FROM generate_series(0, :players - 1) player, generate_series(0, :quests - 1) number;

INSERT INTO save
SELECT gen_random_uuid(), player, gen_random_uuid(), 'auto', gen_random_uuid(), gen_random_uuid(), 4, 1,
       encode(sha256(player::text::bytea), 'hex'), 256, 1, 0, now(), now()
FROM generate_series(0, :players - 1) player;

INSERT INTO save_payload
SELECT snapshot_id, decode(repeat(md5(snapshot_id::text), 16), 'hex') FROM save;

CREATE INDEX ON inventory_item (owner);
CREATE INDEX ON quest (owner);
CREATE INDEX ON save (owner, saved_at DESC);

-- Everything that a player begins with; nothing if there is no such player, or no save.
--
-- In PL/pgSQL, which keeps the plan of its query from call to call; a function in SQL would be planned anew each time.
-- PostgreSQL writes the rows as JSON, which is cheaper than taking them apart in a server only to put them together
-- again.
CREATE OR REPLACE FUNCTION session_start(wanted integer) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT json_build_object(
            'profile', row_to_json(profile),
            'inventory', (SELECT coalesce(json_agg(item), '[]') FROM inventory_item item WHERE item.owner = wanted),
            'quests', (SELECT coalesce(json_agg(quest), '[]') FROM quest WHERE quest.owner = wanted),
            'save', row_to_json(last)
        )
        FROM profile, (
            SELECT save.*, encode(payload, 'base64') AS payload
            FROM save JOIN save_payload ON holder_id = snapshot_id
            WHERE save.owner = wanted
            ORDER BY saved_at DESC
            LIMIT 1
        ) last
        WHERE player = wanted
    );
END
$$;
