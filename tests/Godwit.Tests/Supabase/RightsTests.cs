using Godwit.Supabase;
using Xunit;

namespace Godwit.Tests.Supabase;

public sealed class RightsTests
{
    private static readonly RoleMap Roles = new("boss", keepOwners: true, same: ["anon", "Odd Role"], admins: ["postgres", "supabase_admin"]);

    [Theory]
    [InlineData("GRANT SELECT ON TABLE public.t TO anon;\n", "GRANT SELECT ON TABLE public.t TO anon;\n")]
    [InlineData("GRANT ALL ON TABLE public.t TO postgres WITH GRANT OPTION;\n", "GRANT ALL ON TABLE public.t TO boss WITH GRANT OPTION;\n")]
    [InlineData("GRANT ALL ON TABLE public.t TO dashboard_user;\n", "")]
    [InlineData("REVOKE ALL ON FUNCTION public.f(a text) FROM PUBLIC;\n", "REVOKE ALL ON FUNCTION public.f(a text) FROM PUBLIC;\n")]
    [InlineData("GRANT SELECT(a),UPDATE(a) ON TABLE public.\"to x\" TO \"Odd Role\";\n", "GRANT SELECT(a),UPDATE(a) ON TABLE public.\"to x\" TO \"Odd Role\";\n")]
    [InlineData("GRANT SELECT ON TABLE public.\"a;b\" TO anon;\n", "GRANT SELECT ON TABLE public.\"a;b\" TO anon;\n")]
    [InlineData("SET SESSION AUTHORIZATION supabase_storage_admin;\nGRANT ALL ON TABLE storage.b TO anon;\nRESET SESSION AUTHORIZATION;\n", "GRANT ALL ON TABLE storage.b TO anon;\n")]
    [InlineData("ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON TABLES TO anon;\n", "ALTER DEFAULT PRIVILEGES FOR ROLE boss IN SCHEMA public GRANT ALL ON TABLES TO anon;\n")]
    [InlineData("ALTER DEFAULT PRIVILEGES FOR ROLE nobody_here IN SCHEMA public GRANT ALL ON TABLES TO anon;\n", "")]
    public void Grants_name_the_target_s_roles(string given, string expected) => Assert.Equal(expected, Rights.Rewrite(given, Roles));

    [Fact]
    public void What_a_missing_role_loses_is_told()
    {
        var lost = new List<string>();
        Rights.Rewrite("REVOKE ALL ON TABLE public.t FROM PUBLIC;\nGRANT SELECT ON TABLE public.t TO dashboard_user;\nGRANT ALL ON TABLE public.t TO anon;\nALTER DEFAULT PRIVILEGES FOR ROLE nobody_here IN SCHEMA public GRANT ALL ON TABLES TO anon;\n",
            Roles, (role, statement) => lost.Add($"{role}: {statement}"));
        Assert.Equal(["dashboard_user: GRANT SELECT ON TABLE public.t TO dashboard_user", "nobody_here: ALTER DEFAULT PRIVILEGES FOR ROLE nobody_here IN SCHEMA public GRANT ALL ON TABLES TO anon"], lost);
    }

    [Theory]
    [InlineData("CREATE POLICY mine ON public.t FOR SELECT TO anon USING (true);", "CREATE POLICY mine ON public.t FOR SELECT TO anon USING (true);")]
    [InlineData("CREATE POLICY \"Read to all\" ON public.t AS RESTRICTIVE TO postgres, dashboard_user, anon USING ((a = 'to x'::text));", "CREATE POLICY \"Read to all\" ON public.t AS RESTRICTIVE TO boss, anon USING ((a = 'to x'::text));")]
    [InlineData("CREATE POLICY p ON public.t USING (f(a, ' TO nobody_here '));", "CREATE POLICY p ON public.t USING (f(a, ' TO nobody_here '));")]
    [InlineData("CREATE POLICY p ON public.t TO dashboard_user USING (true);", null)]
    public void Policies_name_the_target_s_roles(string given, string? expected) => Assert.Equal(expected, Rights.Policy(given, Roles));

    [Theory]
    [InlineData("search_path", "\"$user\", public, extensions", "search_path = '$user', 'public', 'extensions'")]
    [InlineData("search_path", "\"\"", "search_path = ''")]
    [InlineData("session_preload_libraries", "auto_explain, \"$libdir/plugins/safeupdate\"", "session_preload_libraries = 'auto_explain', '$libdir/plugins/safeupdate'")]
    [InlineData("app.settings.page_size", "50", "app.settings.page_size = '50'")]
    [InlineData("statement_timeout", "3s", "statement_timeout = '3s'")]
    [InlineData("application_name", "it's", "application_name = 'it''s'")]
    public void Settings_are_written_as_their_kind_asks(string name, string value, string expected) => Assert.Equal(expected, SettingText.Assignment(name, value));
}
