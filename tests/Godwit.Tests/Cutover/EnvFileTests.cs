using Godwit.Cutover;
using Xunit;

namespace Godwit.Tests.Cutover;

public class EnvFileTests
{
    [Theory]
    [InlineData("A=1\nB=2\n", "A=9\nB=2\n")]
    [InlineData("# A=1\nexport A = 1\n", "# A=1\nexport A = 9\n")]
    [InlineData("A=1\r\nB=2\r\n", "A=9\r\nB=2\r\n")]
    [InlineData("AA=1\nB=2", "AA=1\nB=2\nA=9\n")]
    [InlineData("", "A=9\n")]
    [InlineData("A=1\nA=2\n", "A=9\nA=9\n")]
    public void Changes_the_key_and_no_other_byte(string before, string after) => Assert.Equal(after, EnvFile.Change(before, [new("A", "9")], ".env"));

    [Fact]
    public void Takes_the_value_of_another_key() => Assert.Equal("A=postgres://u:p$x@h/d\nNEW=postgres://u:p$x@h/d\n", EnvFile.Change("A=1\nNEW=postgres://u:p$x@h/d\n", [new("A", "$NEW")], ".env"));

    [Fact]
    public void A_key_to_copy_from_must_be_there() => Assert.Equal("env-key-missing", Assert.Throws<GodwitException>(() => EnvFile.Change("A=1\n", [new("A", "$NEW")], ".env")).Code);

    [Fact]
    public void Restores_what_was_before_the_first_change()
    {
        var file = Path.Combine(TestFolder.Create(), ".env");
        File.WriteAllText(file, "A=1\n");
        EnvFile.Apply(file, [new("A", "2")]);
        EnvFile.Apply(file, [new("A", "3")]);
        Assert.Equal("A=3\n", File.ReadAllText(file));
        Assert.True(EnvFile.Restore(file));
        Assert.Equal("A=1\n", File.ReadAllText(file));
        Assert.False(EnvFile.Restore(file));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(file)!));
    }

    [Fact]
    public void An_undone_restore_leaves_both_files_as_they_were_and_changed_keys_are_named()
    {
        var file = Path.Combine(TestFolder.Create(), ".env");
        File.WriteAllText(file, "A=1\nB=2\n");
        Assert.Empty(EnvFile.ChangedKeys(file));
        EnvFile.Apply(file, [new("A", "9"), new("NEW", "x")]);
        Assert.Equal(["A", "NEW"], EnvFile.ChangedKeys(file));

        EnvFile.Restore(file, undoable: true);
        EnvFile.UndoRestore(file);

        Assert.Equal("A=9\nB=2\nNEW=x\n", File.ReadAllText(file));
        Assert.Equal("A=1\nB=2\n", File.ReadAllText(EnvFile.BackupOf(file)));
        EnvFile.Restore(file, undoable: true);
        EnvFile.Forget(file);
        Assert.Equal("A=1\nB=2\n", File.ReadAllText(Assert.Single(Directory.GetFiles(Path.GetDirectoryName(file)!))));
    }
}
