namespace Godwit.TypeMapping;

/// <summary>Numbers, booleans, text, bytes, JSON and UUIDs.</summary>
internal sealed partial class TypeDecision
{
    public TypeChoice Integers(TypeRule rule, DeclaredType declared)
    {
        var type = rule.Encode == CellEncoding.Int8 ? new PgTypeName("bigint", CellEncoding.Int8)
            : profile[ValueFact.BeyondInt4] > 0 ? new("bigint", CellEncoding.Int8)
            : profile[ValueFact.BeyondInt2] > 0 || rule.Encode == CellEncoding.Int4 ? new("integer", CellEncoding.Int4)
            : new PgTypeName("smallint", CellEncoding.Int2);
        // Widths follow the values whatever the policy: the declared width means nothing to SQLite.
        var wider = type.Encode != rule.Encode && profile[ValueFact.Real] + profile[ValueFact.Text] + profile[ValueFact.Blob] == 0;
        if (wider)
        {
            var beyond = new Odd(rule.Encode == CellEncoding.Int4 ? ValueFact.BeyondInt4 : ValueFact.BeyondInt2, "integer-widened", $"lie outside {rule.To}");
            Add(beyond.Code, Severity.Warning, $"{Say(beyond)}, so that the column becomes {type.Name}.", $"--cast {_subject}={rule.To} keeps {rule.To}.");
        }
        if (declared is { Name: "TINYINT" or "BIT", Arguments: [1] } && profile[ValueFact.Integer] > 0 && profile[ValueFact.NotBit] == 0 && profile.Values == profile[ValueFact.Integer])
            Add("maybe-boolean", Severity.Info, $"{column.DeclaredType} holds only 0 and 1; it stays {type.Name}.", $"--cast {_subject}=boolean makes it boolean.");
        return Fit(type, Fidelity.Exact, wider ? "an integer by name, as wide as its values" : rule.Why, RealsAreOdd, TextsAreOdd, BlobsAreOdd);
    }

    public TypeChoice Reals(TypeRule rule) =>
        Fit(new("double precision", CellEncoding.Float8), rule.Fidelity, rule.Why,
            new Odd(ValueFact.BeyondDouble, "widened", "are integers that no double holds exactly"), TextsAreOdd, BlobsAreOdd);

    public TypeChoice Decimals(TypeRule rule, DeclaredType declared)
    {
        var (precision, scale) = rule.Numeric(declared);
        Odd texts = new(ValueFact.NotDecimalText, "widened", "are text");
        var plain = new PgTypeName("numeric", CellEncoding.Numeric);
        if (precision == 0) return Fit(plain, rule.Fidelity, rule.Why, texts, BlobsAreOdd);
        var exact = PgTypeName.Numeric(precision, scale)!.Value;
        Odd rounds = new(ValueFact.WouldRound, "numeric-would-round", $"have more digits than {exact.Name} holds");
        if (!WidenAllowed || profile[ValueFact.WouldRound] == 0 || profile[ValueFact.NotDecimalText] + profile[ValueFact.Blob] > 0)
            return Fit(exact, rule.Fidelity, $"{rule.Why}, and every value is exact at that scale", rounds, texts, BlobsAreOdd);
        Add(rounds.Code, Severity.Warning, $"{Say(rounds)}; the column becomes numeric, so that nothing is rounded.", KeepHint(exact.Name));
        return Fits(plain, rule.Fidelity, rule.Why);
    }

    public TypeChoice Booleans(TypeRule rule)
    {
        Odd notBit = new(ValueFact.NotBit, "boolean-not-two-valued", "are integers other than 0 and 1");
        if (WidenAllowed && profile[ValueFact.NotBit] > 0 && profile.Values == profile[ValueFact.Integer])
        {
            var type = profile[ValueFact.BeyondInt4] > 0 ? new PgTypeName("bigint", CellEncoding.Int8)
                : profile[ValueFact.BeyondInt2] > 0 ? new("integer", CellEncoding.Int4) : new("smallint", CellEncoding.Int2);
            Add(notBit.Code, Severity.Warning, $"{Say(notBit)}, so that the column becomes {type.Name} instead of boolean.", KeepHint("boolean"));
            return Fits(type, Fidelity.Exact, "declared boolean, but its integers are not only 0 and 1");
        }
        var fidelity = profile[ValueFact.Text] == 0 ? Fidelity.Exact : rule.Fidelity;
        return Fit(new("boolean", CellEncoding.Bool), fidelity, rule.Why,
            notBit, RealsAreOdd, new Odd(ValueFact.NotBoolText, "boolean-not-two-valued", "are text that is no word for true or false"), BlobsAreOdd);
    }

    public TypeChoice Texts(TypeRule rule, DeclaredType declared)
    {
        var length = rule.Length(declared);
        var text = new PgTypeName("text", CellEncoding.Text);
        var fidelity = profile.Numbers > 0 ? Fidelity.Equivalent : rule.Fidelity;
        if (length == 0) return Fit(text, fidelity, rule.To == "text" ? rule.Why : "text without a length", BlobsAreOdd, NulIsOdd, InvalidUtf8IsOdd);
        var limited = PgTypeName.Text("varchar", length)!.Value;
        Odd tooLong = new(ValueFact.TooLong, "varchar-too-long", $"have more than {length} characters (the longest {profile.MaxCharacters})");
        if (!WidenAllowed || profile[ValueFact.TooLong] == 0 || profile[ValueFact.Blob] + profile[ValueFact.NulInText] + profile[ValueFact.InvalidUtf8] > 0)
            return Fit(limited, fidelity, rule.Why, tooLong, BlobsAreOdd, NulIsOdd, InvalidUtf8IsOdd);
        Add(tooLong.Code, Severity.Warning, $"{Say(tooLong)}; the column becomes text.", KeepHint(limited.Name));
        return Fits(text, fidelity, "text; SQLite does not enforce the declared length, and some values exceed it");
    }

    public TypeChoice Bytes(TypeRule rule)
    {
        var bytea = new PgTypeName("bytea", CellEncoding.Bytea);
        if (profile[ValueFact.Blob] == profile.Values) return Fits(bytea, rule.Fidelity, rule.Why);
        Odd texts = new(ValueFact.Text, "text-in-blob", "are text");
        if (profile[ValueFact.Blob] > 0)
        {
            // Bytes hold text and the spelling of numbers in full; only the kind is no longer told. No row needs to be set aside for that.
            foreach (var odd in (ReadOnlySpan<Odd>)[texts, IntegersAreOdd, RealsAreOdd])
                if (profile[odd.Fact] > 0) Add(odd.Code, Severity.Warning, $"{Say(odd)} among blobs; their bytes are kept, but no longer told from blobs.", $"--cast {_subject}=TYPE sets another type.");
            return Fits(bytea, Fidelity.Lossy, "blobs and other values: bytes hold both");
        }
        return Widen("bytea", texts, IntegersAreOdd, RealsAreOdd);
    }

    public TypeChoice Json(TypeRule rule)
    {
        Odd invalid = new(ValueFact.NotJson, "json-invalid", "are not valid JSON"), infinite = new(ValueFact.Infinite, "json-invalid", "are infinite, which JSON cannot say"),
            duplicates = new(ValueFact.DuplicateJsonKeys, "json-kept-as-json", "hold equal keys in one object, of which jsonb keeps the last"),
            unsupported = new(ValueFact.UnsupportedJson, "json-kept-as-json", "are valid JSON that jsonb refuses (\\u0000, half a surrogate pair, too deep or too large)");
        var json = new PgTypeName("json", CellEncoding.Json);
        if (options.JsonAsText) return Fit(json, Fidelity.Exact, "every value is JSON, kept letter by letter", invalid, infinite, BlobsAreOdd);
        var onlyJson = profile[ValueFact.DuplicateJsonKeys] + profile[ValueFact.UnsupportedJson];
        if (!WidenAllowed || onlyJson == 0 || profile[ValueFact.NotJson] + profile[ValueFact.Infinite] + profile[ValueFact.Blob] > 0)
            return Fit(new("jsonb", CellEncoding.Jsonb), rule.Fidelity, rule.Why, invalid, infinite, BlobsAreOdd, duplicates, unsupported);
        foreach (var odd in (ReadOnlySpan<Odd>)[duplicates, unsupported])
            if (profile[odd.Fact] > 0) Add(odd.Code, Severity.Warning, $"{Say(odd)}; the column becomes json, which keeps the text.", KeepHint("jsonb"));
        return Fits(json, Fidelity.Exact, "every value is JSON, but jsonb would not keep all of it");
    }

    public TypeChoice Uuids(TypeRule rule)
    {
        var uuid = new PgTypeName("uuid", CellEncoding.Uuid);
        if (profile.Values > 0 && profile[ValueFact.Blob] == profile.Values)
        {
            Add("uuid-as-bytea", Severity.Info, "UUIDs held as blobs stay blobs, because their byte order is not known.", $"--cast {_subject}=uuid reads 16-byte blobs in network order.");
            return Fits(new("bytea", CellEncoding.Bytea), Fidelity.Exact, "every value is a blob");
        }
        // Kept as natural, other spellings than the canonical one are read too: they mean the same.
        return WidenAllowed
            ? Fit(uuid, rule.Fidelity, rule.Why, new Odd(ValueFact.NotCanonicalUuid, "uuid-not-canonical", "are not UUIDs in lower case with hyphens"), IntegersAreOdd, RealsAreOdd, BlobsAreOdd)
            : Fit(uuid, Fidelity.Equivalent, "every value is a UUID", new Odd(ValueFact.NotUuid, "uuid-not-canonical", "are not UUIDs"), IntegersAreOdd, RealsAreOdd, new Odd(ValueFact.NotUuidBlob, "blob-values", "are blobs of other than 16 bytes"));
    }
}
