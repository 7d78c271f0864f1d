-- The wallet of every peer before PostgreSQL: the table and the stored procedure that all of them call.

DROP TABLE IF EXISTS account;

-- Half of each page stays free, so that an update finds room beside its old row and no index has to change.
CREATE TABLE account (
    id integer PRIMARY KEY,
    balance bigint NOT NULL CHECK (balance >= 0)
) WITH (fillfactor = 50);

-- Moves an amount. 0: done, 1: one account, 2: no such account, 3: too little.
--
-- Two updates and nothing else. The lower number comes first, whoever pays, so that two transfers never wait for each
-- other in a circle. A refusal puts back what was done before it in the same transaction, which is cheaper than an
-- exception handler's subtransaction in every call.
CREATE OR REPLACE FUNCTION transfer(payer integer, payee integer, amount bigint) RETURNS integer
LANGUAGE plpgsql AS $$
BEGIN
    IF payer = payee THEN
        RETURN 1;
    END IF;
    IF payer < payee THEN
        UPDATE account SET balance = balance - amount WHERE id = payer AND balance >= amount;
        IF NOT FOUND THEN
            RETURN CASE WHEN EXISTS (SELECT FROM account WHERE id = payer) THEN 3 ELSE 2 END;
        END IF;
        UPDATE account SET balance = balance + amount WHERE id = payee;
        IF NOT FOUND THEN
            UPDATE account SET balance = balance + amount WHERE id = payer;
            RETURN 2;
        END IF;
    ELSE
        UPDATE account SET balance = balance + amount WHERE id = payee;
        IF NOT FOUND THEN
            RETURN 2;
        END IF;
        UPDATE account SET balance = balance - amount WHERE id = payer AND balance >= amount;
        IF NOT FOUND THEN
            UPDATE account SET balance = balance - amount WHERE id = payee;
            RETURN CASE WHEN EXISTS (SELECT FROM account WHERE id = payer) THEN 3 ELSE 2 END;
        END IF;
    END IF;
    RETURN 0;
END
$$;
