namespace Kublambda.Cel.Evaluation;

/// <summary>Names of variables by number, for a program to look each up once in an evaluation.</summary>
internal sealed class NameTable
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    public IReadOnlyList<string> Names => _names;

    public int NumberOf(string name)
    {
        if (_numbers.TryGetValue(name, out var number)) return number;
        _names.Add(name);
        return _numbers[name] = _names.Count - 1;
    }
}

/// <summary>Variables of the macros around a node. Each gets a slot; slots of macros that have ended are used again.</summary>
internal sealed class LocalScope
{
    private readonly List<(string Name, CelKind Kind)> _locals = [];

    public int MostSlots { get; private set; }

    public IEnumerable<string> Names => _locals.Select(local => local.Name);

    public int Push(string name, CelKind kind = CelKind.Dyn)
    {
        _locals.Add((name, kind));
        MostSlots = Math.Max(MostSlots, _locals.Count);
        return _locals.Count - 1;
    }

    public void Pop(int count) => _locals.RemoveRange(_locals.Count - count, count);

    public bool TryFind(string name, out int slot, out CelKind kind)
    {
        slot = _locals.FindLastIndex(local => local.Name == name);
        kind = slot < 0 ? CelKind.Dyn : _locals[slot].Kind;
        return slot >= 0;
    }
}
