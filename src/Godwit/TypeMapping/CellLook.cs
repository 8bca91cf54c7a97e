namespace Godwit.TypeMapping;

/// <summary>
/// What a profile found out about the value that it saw last. Where the same value is encoded next, the encoder takes this instead of reading
/// the value again: on the copy path that is a third of the work on text. Only of values of class text.
/// </summary>
internal sealed class CellLook(Probes probes)
{
    /// <summary>Whether <see cref="Kind"/> and <see cref="Moment"/> are those of the value.</summary>
    public bool HasMoment { get; } = (probes & Probes.Moment) != 0;
    /// <summary>Whether <see cref="Json"/> is that of the value; meaningful only where <see cref="Text"/> is not InvalidUtf8.</summary>
    public bool HasJson { get; } = (probes & Probes.Json) != 0;
    /// <summary>As <see cref="Utf8Text.Check"/> says.</summary>
    public Misfit Text;
    public IsoKind Kind;
    public IsoMoment Moment;
    public JsonVerdict Json;
}
