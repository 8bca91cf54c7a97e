-- RFC 7396: members of the patch replace those of the target, null removes them.
CREATE OR REPLACE FUNCTION {schema}.json_patch(target jsonb, patch jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  name text;
  member jsonb;
BEGIN
  IF jsonb_typeof(patch) <> 'object' THEN RETURN patch; END IF;
  IF jsonb_typeof(target) <> 'object' THEN target := '{}'; END IF;
  FOR name, member IN SELECT * FROM jsonb_each(patch) LOOP
    target := CASE WHEN member = 'null' THEN target - name
      ELSE target || jsonb_build_object(name, {schema}.json_patch(coalesce(target -> name, 'null'), member)) END;
  END LOOP;
  RETURN target;
END
$$
