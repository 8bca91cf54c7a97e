using System.Collections.Immutable;
using Godwit.Wire;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

/// <summary>Turns net changes into statements of a pipeline, each with how many rows it should touch.</summary>
internal sealed class NetStatements(Pipeline pipeline)
{
    private readonly List<ColumnArray> _arrays = [];
    private int _generation;

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
        var mask = Text(unchanged);
        var set = table.SetBy(mask, moves: true);
        if (set.IsEmpty) return;
        Start(table.Key.Length + set.Length);
        AddCells(batch.Row(change.Old), table.Key, 0);
        AddCells(batch.Row(change.New), set, table.Key.Length);
        Send(table, $"m{mask}", table.Update($"m{mask}", set, ByRow), [.. table.Key, .. set], 1);
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
            if (ByRow) SendAll();
        }
        SendAll();
        void SendAll()
        {
            if (rows > 0) Send(table, "d", table.Delete(ByRow), table.Key, rows);
            rows = 0;
        }
    }

    private void Update(TableNet net, ChangeBatch batch, int mask)
    {
        var table = net.Table;
        ImmutableArray<int> set = [], columns = [];
        var name = "";
        long rows = 0;
        foreach (ref readonly var change in net.Net)
        {
            if (change.Kind != NetKind.Update || change.Mask != mask) continue;
            if (name is "")
            {
                var text = mask < 0 ? "" : Text(net.Masks[mask]);
                (name, set) = ($"u{text}", table.SetBy(text, moves: false));
                if (set.IsEmpty) return;
                columns = [.. table.Key, .. set];
                Start(columns.Length);
            }
            AddKey(batch, change);
            AddCells(batch.Row(change.Row), set, table.Key.Length);
            rows++;
            if (ByRow) SendAll();
        }
        SendAll();
        void SendAll()
        {
            if (rows > 0) Send(table, name, table.Update(name, set, ByRow), columns, rows);
            rows = 0;
        }
    }

    private void Insert(TableNet net, ChangeBatch batch)
    {
        var table = net.Table;
        Start(table.Columns.Length);
        long rows = 0;
        foreach (ref readonly var change in net.Net)
        {
            if (change.Kind is not (NetKind.Insert or NetKind.Replace)) continue;
            AddCells(batch.Row(change.Row), table.All, 0);
            rows++;
            if (ByRow) SendAll();
        }
        SendAll();
        void SendAll()
        {
            if (rows > 0) Send(table, "i", table.Insert(ByRow), table.All, rows);
            rows = 0;
        }
    }

    private void Whole(TableNet net, ChangeBatch batch, int sign)
    {
        var table = net.Table;
        Start(table.Columns.Length);
        long rows = 0;
        foreach (ref readonly var change in net.Net)
            for (var copies = change.Copies * sign; copies > 0; copies--, rows++) AddCells(batch.Row(change.Row), table.All, 0);
        if (rows > 0) Send(table, sign > 0 ? "i" : "w", sign > 0 ? table.Insert(one: false) : table.DeleteWhole(), table.All, rows);
    }

    private static string Text(bool[] unchanged) => string.Concat(unchanged.Select(u => u ? '1' : '0'));

    private void Start(int columns)
    {
        while (_arrays.Count < columns) _arrays.Add(new());
        for (var i = 0; i < columns; i++) _arrays[i].Clear();
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
    private void AddCells(TupleData row, ImmutableArray<int> columns, int first)
    {
        var cells = row.GetEnumerator();
        var number = -1;
        for (var i = 0; i < columns.Length; i++)
        {
            while (number < columns[i] && cells.MoveNext()) number++;
            Put(first + i, cells.Current);
        }
    }

    private void Send(AppliedTable table, string statement, string sql, ImmutableArray<int> columns, long rows)
    {
        if (ByRow) statement = $"{statement}1";
        if (!table.Prepared.TryGetValue(statement, out var name))
        {
            table.Prepared[statement] = name = $"g{_generation}t{table.Number}s{table.Prepared.Count}";
            pipeline.Prepare(name, sql, [.. columns.Select(c => ByRow ? table.Columns[c].SingleParameter : table.Columns[c].Parameter)]);
        }
        pipeline.Begin(name, [.. columns.Select((_, i) => (short)(_arrays[i].IsBinary ? 1 : 0))], columns.Length);
        for (var i = 0; i < columns.Length; i++)
            if (ByRow) _arrays[i].WriteSingleTo(pipeline);
            else _arrays[i].WriteTo(pipeline, table.Columns[columns[i]].Type);
        pipeline.End();
        if (ByRow) Start(columns.Length);
        _expected.Add(rows);
    }
}
