-- migsafe: phase=expand
-- Events and approvals are written by functions of the tables' owner: who, from where and when is the server's word.
-- No role needs to insert events; `migsafe tracker roles` says what each one needs.
-- The path is that of the tables, with temporary tables last, so that no caller can put one of theirs before them;
-- what has an argument is named with its schema or has exactly the types of pg_catalog's own.
SELECT pg_catalog.set_config('search_path', pg_catalog.concat(pg_catalog.current_setting('search_path'), ', pg_temp'), true);

-- Whoever has this lock writes; the others wait for the end of that transaction.
CREATE FUNCTION migsafe_turn() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS
'BEGIN PERFORM 1 FROM migsafe_meta m WHERE m.k::text = ''version''::text FOR UPDATE; END';

-- The hash is that of the canonical form (RFC 8785) of the event: names in their order, strings as JSON writes them.
CREATE FUNCTION migsafe_seal(author text, what text, which text, place text, said text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS
'DECLARE
  last integer;
  head text;
  moment timestamptz := pg_catalog.clock_timestamp();
  peer text := coalesce(pg_catalog.host(pg_catalog.inet_client_addr()), ''local''::text);
  told text := session_user::text;
  form text;
BEGIN
  PERFORM migsafe_turn();
  SELECT e.seq, e.sha::text INTO last, head FROM migsafe_event e ORDER BY e.seq DESC LIMIT 1;
  IF NOT FOUND THEN
    last := 0;
    head := pg_catalog.repeat(''0''::text, 64);
  END IF;
  last := last + 1;
  form := pg_catalog.concat(
    ''{"actor":'', pg_catalog.to_json(author)::text,
    '',"at":"'', pg_catalog.to_char(pg_catalog.timezone(''UTC''::text, moment), ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"''::text),
    ''","client":'', pg_catalog.to_json(peer)::text,
    '',"detail":'', pg_catalog.to_json(said)::text,
    '',"environment":'', coalesce(pg_catalog.to_json(place)::text, ''null''::text),
    '',"kind":'', pg_catalog.to_json(what)::text,
    '',"previous":"'', head,
    ''","role":'', pg_catalog.to_json(told)::text,
    '',"seq":'', last,
    '',"subject":'', pg_catalog.to_json(which)::text, ''}'');
  INSERT INTO migsafe_event (seq, at, actor, db_role, client, kind, subject, env, detail, prev_sha, sha)
  VALUES (last, moment, author, told, peer, what, which, place, said, head,
    pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(form, ''UTF8''::name)), ''hex''::text));
END';

-- For whoever runs steps. What an approval says is said by the function below, and by no one else.
CREATE FUNCTION migsafe_append(author text, kinds text[], subjects text[], envs text[], details text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS
'BEGIN
  FOR n IN 1 .. pg_catalog.cardinality(kinds) LOOP
    IF kinds[n]::text = ''approval''::text THEN
      RAISE insufficient_privilege USING MESSAGE = ''an approval is written by migsafe_approve alone'';
    END IF;
    PERFORM migsafe_seal(author, kinds[n], subjects[n], envs[n], details[n]);
  END LOOP;
END';

-- One decision of one approver on one plan, and the event that says so. A decision is changed by the role that made it.
CREATE FUNCTION migsafe_approve(
  plan text, who text, answer text, why text, lasts interval, said_on text, tool text,
  OUT decided_at timestamptz, OUT valid_until timestamptz, OUT as_role text, OUT from_client text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS
'DECLARE
  place text;
  about text;
  earlier text;
  told text;
BEGIN
  PERFORM migsafe_turn();
  decided_at := pg_catalog.clock_timestamp();
  valid_until := decided_at + lasts;
  as_role := session_user::text;
  from_client := coalesce(pg_catalog.host(pg_catalog.inet_client_addr()), ''local''::text);
  SELECT c.env::text, c.change_id::text INTO place, about FROM migsafe_contract c WHERE c.plan_id::text = plan;
  IF NOT FOUND THEN
    RAISE no_data_found USING MESSAGE = ''there is no such plan'';
  END IF;
  SELECT a.db_role::text INTO earlier FROM migsafe_approval a WHERE a.plan_id::text = plan AND a.approver::text = who;
  IF FOUND AND coalesce(earlier, ''''::text) <> as_role THEN
    RAISE insufficient_privilege USING MESSAGE = ''another role has decided under this name'';
  END IF;
  IF earlier IS NULL THEN
    INSERT INTO migsafe_approval (plan_id, approver, decision, reason, at, expires_at, db_role, client)
    VALUES (plan, who, answer, why, decided_at, valid_until, as_role, from_client);
  ELSE
    UPDATE migsafe_approval a
    SET decision = answer, reason = why, at = decided_at, expires_at = valid_until, client = from_client
    WHERE a.plan_id::text = plan AND a.approver::text = who;
  END IF;
  told := pg_catalog.concat(
    ''{'', ''"host":'' || pg_catalog.to_json(said_on)::text || '','',
    ''"migsafe":'', pg_catalog.to_json(tool)::text,
    '',"reason":'' || pg_catalog.to_json(why)::text,
    '',"to":{"approver":'', pg_catalog.to_json(who)::text, '',"decision":'', pg_catalog.to_json(answer)::text,
    '',"expires_at":"'', pg_catalog.to_char(pg_catalog.timezone(''UTC''::text, valid_until), ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"''::text),
    ''","plan":'', pg_catalog.to_json(plan)::text, ''}}'');
  PERFORM migsafe_seal(who, ''approval''::text, pg_catalog.concat(about, '' '', pg_catalog.left(plan, 12)), place, told);
END';

REVOKE ALL ON FUNCTION migsafe_turn() FROM PUBLIC;

REVOKE ALL ON FUNCTION migsafe_seal(text, text, text, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION migsafe_append(text, text[], text[], text[], text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION migsafe_approve(text, text, text, text, interval, text, text) FROM PUBLIC;

-- A plan's author, in the server's word: whoever may insert plans need not be let to say this column.
ALTER TABLE migsafe_contract ALTER COLUMN db_role SET DEFAULT session_user;
