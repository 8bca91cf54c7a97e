using System.Buffers.Binary;
using System.Collections.Immutable;
using Godwit.Wire;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

/// <summary>Turns net changes into statements of a pipeline, each with how many rows it should touch.</summary>
internal sealed class NetStatements(Pipeline pipeline)
{
    private const uint Int8 = 20;

    private readonly List<ColumnArray> _arrays = [];
    private int _generation;

    private List<long> _expected = [];

    /// <summary>A statement that touches another number of rows than it should fails, so that what follows it needs not wait for its answer. Costs the server a little more a row.</summary>
    public bool Exact { get; set; }

    /// <summary>Statements were made since <see cref="TakeExpected"/>.</summary>
    public bool IsWaiting => _expected.Count > 0;

    /// <summary>Rows that each statement since the last call should touch; -1: any number.</summary>
    public List<long> TakeExpected()
    {
        var expected = _expected;
        _expected = [];
        return expected;
    }

    /// <summary>Whatever the statements since then touch is right.</summary>
    public void ExpectAnything()
    {
        for (var i = 0; i < _expected.Count; i++) _expected[i] = -1;
    }

    /// <summary>After an error nobody knows which statements the session has prepared: names are not used again.</summary>
    public void Forget(IEnumerable<AppliedTable> tables)
    {
        _generation++;
        foreach (var table in tables) table.Prepared.Clear();
    }

    public void Execute(string sql)
    {
        pipeline.Execute(sql);
        _expected.Add(-1);
    }

    /// <summary>A statement without parameters that the session has prepared.</summary>
    public void Call(string name)
    {
        pipeline.Call(name);
        _expected.Add(-1);
    }

    public void Add(TableNet net, ChangeBatch batch)
    {
        if (net.Table.ByWholeRow)
        {
            Whole(net, batch, -1);
            Whole(net, batch, 1);
            return;
        }
        Delete(net, batch);
        for (var mask = -1; mask < net.Masks.Count; mask++) Update(net, batch, mask);
        Insert(net, batch);
    }

    /// <summary>A row whose key changes and whose large values did not come along.</summary>
    public void Move(AppliedTable table, ChangeBatch batch, in Change change)
    {
        var unchanged = new bool[table.Columns.Length];
        var i = 0;
        foreach (var cell in batch.Row(change.New)) unchanged[i++] = cell.State == CellState.Unchanged;
        if (table.Update(unchanged, moves: true) is not { } statement) return;
        Start(table.Key.Length + statement.Set.Length);
        AddCells(batch.Row(change.Old), table.Key, 0);
        AddCells(batch.Row(change.New), statement.Set, table.Key.Length);
        Send(table, $"m{string.Concat(unchanged.Select(u => u ? '1' : '0'))}", statement.Sql, [.. table.Key, .. statement.Set], 1);
    }

    private void Delete(TableNet net, ChangeBatch batch)
    {
        var table = net.Table;
        Start(table.Key.Length);
        long rows = 0;
        foreach (ref readonly var change in net.Net)
        {
            if (change.Kind is not (NetKind.Delete or NetKind.Replace)) continue;
            AddKey(batch, change);
            rows++;
        }
        if (rows > 0) Send(table, "d", table.Delete(), table.Key, rows);
    }

    private void Update(TableNet net, ChangeBatch batch, int mask)
    {
        var table = net.Table;
        ImmutableArray<int>? set = null;
        string? sql = null;
        long rows = 0;
        foreach (ref readonly var change in net.Net)
        {
            if (change.Kind != NetKind.Update || change.Mask != mask) continue;
            if (sql is null)
            {
                if (table.Update(mask < 0 ? new bool[table.Columns.Length] : net.Masks[mask], moves: false) is not { } statement) return;
                (sql, set) = statement;
                Start(table.Key.Length + set.Value.Length);
            }
            AddKey(batch, change);
            AddCells(batch.Row(change.Row), set!.Value, table.Key.Length);
            rows++;
        }
        if (sql is not null) Send(table, mask < 0 ? "u" : $"u{string.Concat(net.Masks[mask].Select(u => u ? '1' : '0'))}", sql, [.. table.Key, .. set!.Value], rows);
    }

    private void Insert(TableNet net, ChangeBatch batch)
    {
        var table = net.Table;
        var (sql, columns) = table.Insert();
        Start(columns.Length);
        long rows = 0;
        foreach (ref readonly var change in net.Net)
        {
            if (change.Kind is not (NetKind.Insert or NetKind.Replace)) continue;
            AddCells(batch.Row(change.Row), columns, 0);
            rows++;
        }
        if (rows > 0) Send(table, "i", sql, columns, rows);
    }

    private void Whole(TableNet net, ChangeBatch batch, int sign)
    {
        var table = net.Table;
        var (sql, columns) = table.Insert();
        Start(columns.Length);
        long rows = 0;
        foreach (ref readonly var change in net.Net)
            for (var copies = change.Copies * sign; copies > 0; copies--, rows++) AddCells(batch.Row(change.Row), columns, 0);
        if (rows > 0) Send(table, sign > 0 ? "i" : "w", sign > 0 ? sql : table.DeleteWhole(), columns, rows);
    }

    private void Start(int columns)
    {
        while (_arrays.Count < columns) _arrays.Add(new());
        for (var i = 0; i < columns; i++) _arrays[i].Clear();
    }

    // The key's cells stand one behind the other.
    private void AddKey(ChangeBatch batch, in NetChange change)
    {
        var cells = TupleData.Cells(batch.Arena.AsSpan(change.KeyAt), int.MaxValue);
        for (var at = 0; cells.At < change.KeyLength && cells.MoveNext(); at++) _arrays[at].Add(cells.Current);
    }

    /// <summary><paramref name="columns"/> in ascending order.</summary>
    private void AddCells(TupleData row, ImmutableArray<int> columns, int first)
    {
        var cells = row.GetEnumerator();
        var number = -1;
        for (var i = 0; i < columns.Length; i++)
        {
            while (number < columns[i] && cells.MoveNext()) number++;
            _arrays[first + i].Add(cells.Current);
        }
    }

    private void Send(AppliedTable table, string statement, string sql, ImmutableArray<int> columns, long rows)
    {
        var parameters = columns.Select(c => table.Columns[c].Parameter);
        if (Exact)
        {
            (statement, sql) = ($"x{statement}", $"with done as ({sql} returning 1) select 1 / (count(*) = ${columns.Length + 1})::int from done");
            parameters = parameters.Append(Int8);
        }
        if (!table.Prepared.TryGetValue(statement, out var name))
        {
            table.Prepared[statement] = name = $"g{_generation}t{table.Number}s{table.Prepared.Count}";
            pipeline.Prepare(name, sql, [.. parameters]);
        }
        pipeline.Begin(name, [.. columns.Select((_, i) => Form(_arrays[i].IsBinary)), .. Exact ? [Form(binary: true)] : Array.Empty<short>()], columns.Length + (Exact ? 1 : 0));
        for (var i = 0; i < columns.Length; i++) _arrays[i].WriteTo(pipeline, table.Columns[columns[i]].Type);
        if (Exact)
        {
            Span<byte> count = stackalloc byte[8];
            BinaryPrimitives.WriteInt64BigEndian(count, rows);
            pipeline.Value(count);
        }
        pipeline.End();
        // Where it is exact, it answers with one row of its own.
        _expected.Add(Exact ? -1 : rows);
    }

    private static short Form(bool binary) => (short)(binary ? 1 : 0);
}
