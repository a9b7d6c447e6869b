import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['dist', 'src/api/schema.ts', 'test-results', 'playwright-report'] },
  js.configs.recommended,
  ...ts.configs.strict,
  {
    files: ['**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks },
    rules: {
      // The other rules of the plugin are for code that the React compiler translates; none is used here.
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      'max-lines-per-function': ['error', { max: 150, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      'no-restricted-imports': ['error', {
        paths: [
          { name: '@mantine/core', importNames: ['Modal'], message: 'Use components/Dialog: Escape closes the upper dialog only, and nothing typed is lost.' },
          { name: '@mantine/core', importNames: ['PasswordInput'], message: 'Use components/SecretInput: its button has a name in both languages.' },
        ],
      }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  { files: ['src/components/Dialog.tsx', 'src/components/SecretInput.tsx'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['**/*.test.{ts,tsx}', 'e2e/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['**/*.mjs', '*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', setTimeout: 'readonly', localStorage: 'readonly' } },
  },
);
