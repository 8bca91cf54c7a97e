using Godwit.Wire;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

/// <summary>Turns net changes into statements of a pipeline, each with how many rows it should touch.</summary>
internal sealed class NetStatements(Pipeline pipeline)
{
    private readonly List<ColumnArray> _arrays = [];
    private int _names;
    private List<long> _expected = [];

    /// <summary>A statement for each row, which costs less than arrays where there are few, and counts what it touches in <see cref="AppliedTable.Touched"/>.</summary>
    public bool ByRow { get; set; }

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

    /// <summary>After an error nobody knows which statements the session has prepared: names are not used again, and the server forgets them too.</summary>
    public void Forget(IEnumerable<AppliedTable> tables)
    {
        foreach (var table in tables)
            foreach (var name in table.Forget()) pipeline.Forget(name);
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
        if (table.Update(unchanged, moves: true, ByRow) is not { } statement) return;
        Start(statement);
        AddCells(batch.Row(change.Old), statement.Columns.AsSpan()[..table.Key.Length], 0);
        AddCells(batch.Row(change.New), statement.Columns.AsSpan()[table.Key.Length..], table.Key.Length);
        Send(table, statement, 1);
    }

    private void Delete(TableNet net, ChangeBatch batch)
    {
        var statement = net.Table.Delete(ByRow);
        Start(statement);
        long rows = 0;
        foreach (ref readonly var change in net.Net)
        {
            if (change.Kind is not (NetKind.Delete or NetKind.Replace)) continue;
            AddKey(batch, change);
            rows = Added(net.Table, statement, rows);
        }
        Send(net.Table, statement, rows);
    }

    private void Update(TableNet net, ChangeBatch batch, int mask)
    {
        var table = net.Table;
        if (table.Update(mask < 0 ? null : net.Masks[mask], moves: false, ByRow) is not { } statement) return;
        Start(statement);
        long rows = 0;
        foreach (ref readonly var change in net.Net)
        {
            if (change.Kind != NetKind.Update || change.Mask != mask) continue;
            AddKey(batch, change);
            AddCells(batch.Row(change.Row), statement.Columns.AsSpan()[table.Key.Length..], table.Key.Length);
            rows = Added(table, statement, rows);
        }
        Send(table, statement, rows);
    }

    private void Insert(TableNet net, ChangeBatch batch)
    {
        var statement = net.Table.Insert(ByRow);
        Start(statement);
        long rows = 0;
        foreach (ref readonly var change in net.Net)
        {
            if (change.Kind is not (NetKind.Insert or NetKind.Replace)) continue;
            AddCells(batch.Row(change.Row), statement.Columns.AsSpan(), 0);
            rows = Added(net.Table, statement, rows);
        }
        Send(net.Table, statement, rows);
    }

    private void Whole(TableNet net, ChangeBatch batch, int sign)
    {
        var statement = sign > 0 ? net.Table.Insert(byRow: false) : net.Table.DeleteWhole();
        Start(statement);
        long rows = 0;
        foreach (ref readonly var change in net.Net)
            for (var copies = change.Copies * sign; copies > 0; copies--, rows++) AddCells(batch.Row(change.Row), statement.Columns.AsSpan(), 0);
        Send(net.Table, statement, rows);
    }

    private void Start(TableStatement statement)
    {
        while (_arrays.Count < statement.Columns.Length) _arrays.Add(new());
        for (var i = 0; i < statement.Columns.Length; i++) _arrays[i].Clear();
    }

    /// <summary>The values of a row are there: returns how many rows wait for <see cref="Send"/>.</summary>
    private long Added(AppliedTable table, TableStatement statement, long rows)
    {
        if (!ByRow) return rows + 1;
        Send(table, statement, 1);
        Start(statement);
        return 0;
    }

    private void Put(int column, Cell cell)
    {
        if (ByRow) _arrays[column].Set(cell);
        else _arrays[column].Add(cell);
    }

    // The key's cells stand one behind the other.
    private void AddKey(ChangeBatch batch, in NetChange change)
    {
        var cells = TupleData.Cells(batch.Arena.AsSpan(change.KeyAt), int.MaxValue);
        for (var at = 0; cells.At < change.KeyLength && cells.MoveNext(); at++) Put(at, cells.Current);
    }

    /// <summary><paramref name="columns"/> in ascending order.</summary>
    private void AddCells(TupleData row, ReadOnlySpan<int> columns, int first)
    {
        var cells = row.GetEnumerator();
        var number = -1;
        for (var i = 0; i < columns.Length; i++)
        {
            while (number < columns[i] && cells.MoveNext()) number++;
            Put(first + i, cells.Current);
        }
    }

    private void Send(AppliedTable table, TableStatement statement, long rows)
    {
        if (rows == 0) return;
        if (statement.Prepared is not { } name)
        {
            statement.Prepared = name = $"godwit_{_names++}";
            pipeline.Prepare(name, statement.Sql, statement.Parameters.AsSpan());
        }
        var columns = statement.Columns;
        pipeline.Begin(name, [.. columns.Select((_, i) => (short)(_arrays[i].IsBinary ? 1 : 0))], columns.Length);
        for (var i = 0; i < columns.Length; i++)
            if (ByRow) _arrays[i].WriteSingleTo(pipeline);
            else _arrays[i].WriteTo(pipeline, table.Columns[columns[i]].Type);
        pipeline.End();
        _expected.Add(rows);
    }
}
